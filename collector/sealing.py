"""What `butfor seal` does, one function a step; each opens a writing session of its own."""

from pathlib import Path

from collector import bagit_bag, case_graph, keys, stamp, statement
from collector import seal as seals
from collector.errors import IncompleteError, UsageError
from collector.session import writing


def seal(case: Path, fingerprint: str | None, passphrase: str) -> str:
    """Sign the custody log as it stands; returns what to tell the user."""
    key = keys.unlock(keys.choose(fingerprint), passphrase)
    with writing(case, "seal") as session:
        made = seals.create(session, key)
    return (
        f"seal {made.number}: {made.size} custody entries, root {made.root}\n"
        f"  envelope {made.envelope.sha256}\n  key {made.envelope.keyid}"
    )


def timestamp(case: Path, url: str, carried: seals.Carried) -> tuple[str, int]:
    """Have the newest seal timestamped; what to tell the user, and the exit code."""
    with writing(case, "seal --tsa") as session:
        seals.record_found_tokens(session)
        newest = _newest(case)
        place = seals.folder(case, newest.number)
        query = seals.ask(place)
        try:
            answer = stamp.fetch(url, query.read_bytes())
            attached = seals.attach(session, newest.number, query, answer, carried)
        except IncompleteError as error:
            query.unlink()
            return str(error.message), IncompleteError.exit_code
    return _told(attached)


def request(case: Path) -> str:
    """Write a request file over the newest seal, to be carried to an authority."""
    with writing(case, "seal --tsq"):
        query = seals.ask(seals.folder(case, _newest(case).number))
    return (
        f"request {query}\n"
        "  carry it to an authority (Content-Type application/timestamp-query), then: "
        "butfor seal --tsr ANSWER"
    )


def attach_carried(case: Path, response: Path, carried: seals.Carried) -> tuple[str, int]:
    """Attach an answer that was carried: to the request, of any seal, that it answers.

    What to tell the user, and the exit code.

    Raises:
        UsageError: it answers no request that waits here.
    """
    with writing(case, "seal --tsr") as session:
        seals.record_found_tokens(session)
        waiting = [
            query
            for query in sorted((case / "seals").glob("*/*.tsq"))
            if not query.with_suffix(".tsr").exists()
        ]
        refusals: list[str] = []
        for query in waiting:
            number = int(query.parent.name)
            try:
                attached = seals.attach(session, number, query, response.read_bytes(), carried)
            except UsageError as error:
                refusals.append(f"{query.parent.name}/{query.name}: {error.message}")
                continue
            return _told(attached)
    raise UsageError(
        f"{response}: expected the answer to a request that waits under {case / 'seals'}, found "
        + ("; ".join(refusals) if refusals else "no request that waits (`--tsq` makes one)")
    )


def export(case: Path, kind: str, target: Path) -> None:
    """Write the case, or its custody, in a form of others: `bag`, `CASE/UCO` or `PROV`."""
    write = {
        "bag": bagit_bag.write,
        "CASE/UCO": case_graph.write_case,
        "PROV": case_graph.write_prov,
    }
    write[kind](case, target)


def _newest(case: Path) -> statement.Seal:
    sealed = seals.existing(case)
    if not sealed:
        raise UsageError(f"{case}: expected a seal, found none. `butfor seal` makes one.")
    return sealed[-1]


def _told(attached: seals.Attached) -> tuple[str, int]:
    """A token is stored even where a responder did not answer: exit code 3, and why."""
    token = attached.token
    label = f"\n  {stamp.TEST_LABEL}" if token.test else ""
    faults = "".join(f"\n  revocation not asked: {one}" for one in attached.faults)
    said = (
        f"token {attached.path}: {token.time}, accuracy {token.accuracy}\n"
        f"  authority {token.tsa or 'not named'}, policy {token.policy}, serial {token.serial}"
        f"{label}{faults}"
    )
    return said, IncompleteError.exit_code if attached.faults else 0
