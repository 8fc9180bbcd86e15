"""The command that shows the whole of the work on the built-in incident."""

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.pass_context
def demo(ctx: click.Context, folder: Path) -> None:
    """The whole of it on a built-in incident, in a new FOLDER; about a minute.

    Prints each command before it runs it. Opens nothing to the network. The incident is invented.

    Example: butfor demo /tmp/demo
    """
    from reports import demo as steps

    group = ctx.find_root().command

    def call(arguments: list[str]) -> int:
        try:
            group.main(list(arguments), prog_name="butfor", standalone_mode=False)
        except click.exceptions.Exit as end:
            return end.exit_code
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else 1
        return 0

    code = steps.run(folder, call, click.echo)
    if code == 0:
        click.echo(f"\nDone. Open {steps.where_to_look(folder)}")
    ctx.exit(code)
