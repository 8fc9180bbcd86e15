"""butfor: the command group. It loads a subcommand's module only when that subcommand is called,
so that `butfor --help` imports no SDK, no pandas and no engine."""

import importlib
import os

import click

__version__ = "0.1.0"

#: Subcommands in the order of the work: name -> (module, attribute, one line of help).
#: The line is repeated here so that help needs no import; a test holds both equal.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("collector.cli", "init", "Make a case folder with a commented case.toml."),
    "collect": ("collector.cli_collect", "collect", "Live acquisition from a cloud, read-only."),
    "import": ("collector.cli", "import_", "Preserve what was handed over, write-once."),
    "custody": ("collector.cli_custody", "custody", "Record a hand-over; list the chain."),
    "exclude": ("collector.cli_custody", "exclude", "Withdraw an item: struck, never deleted."),
    "key": ("collector.cli_seal", "key", "Make and manage the tool key that seals cases."),
    "seal": ("collector.cli_seal", "seal", "Sign and timestamp the custody log; BagIt export."),
    "produce": ("collector.cli_seal", "produce", "Hand over items with inclusion proofs."),
    "verify": ("reports.cli_verify", "verify", "Check fixity, custody chain and seals."),
    "doctor": ("collector.cli_collect", "doctor", "What can be collected; what expires when."),
    "build": ("timeline.cli", "build", "Evidence to events, state, decisions and findings."),
    "timeline": ("timeline.cli_timeline", "timeline", "Print, filter and export events."),
    "state": ("timeline.cli_state", "state", "What was configured, and how it is known."),
    "explain": (
        "timeline.cli",
        "explain",
        "Why an access was allowed, or how a finding came about.",
    ),
    "gaps": ("timeline.cli", "gaps", "Every gap in the records."),
    "whatif": ("timeline.cli", "whatif", "The incident's accesses under a stated counterfactual."),
    "decide": ("timeline.cli_decide", "decide", "Requests in, decisions out: the bare evaluator."),
    "exhibits": ("reports.cli", "exhibits", "Render the exhibit bundle."),
    "sign": ("reports.cli_sign", "sign", "Sign PDFs of an edition with your own key (PAdES)."),
    "demo": ("reports.cli_demo", "demo", "The whole of it on a built-in incident."),
}


class LazyGroup(click.Group):
    """A group that imports a command's module on first use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the work, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself; None makes click print its own usage error."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        # NumPy starts threads for linear algebra when it is loaded, and nothing here has any.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table above: imports nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="butfor")
def main() -> None:
    """Would this access have been allowed had that change not been made?

    butfor preserves cloud evidence, rebuilds what was configured at every instant, decides for
    each logged access by which grants it was allowed, and renders exhibits. It reads; it never
    writes to a cloud, and it draws no legal conclusion.

    Example: butfor init CASE && cd CASE && butfor import ../logs && butfor build
    """


if __name__ == "__main__":
    main()
