"""key, seal, produce and verify as a user runs them."""

import base64
import json
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bagit
import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from butfor import main
from collector import custody, dsse, keys, merkle, statement, verify
from tests.collector.seal import build, standalone

VECTORS = Path(__file__).parent / "vectors"


def butfor(*words: object) -> Result:
    """One command; the result, whatever its exit code."""
    return CliRunner().invoke(main, [str(word) for word in words])


def sealed(case: Path, *more: object) -> str:
    """`key new` and `seal`; the fingerprint."""
    made = butfor("key", "new")
    assert made.exit_code == 0, made.output
    done = butfor("seal", "--case", case, *more)
    assert done.exit_code == 0, done.output
    return made.output.split()[1]


def report(*words: object) -> dict[str, object]:
    """`verify --json`."""
    return dict(json.loads(butfor("verify", "--json", *words).output))


def test_known_answer() -> None:
    """The envelope, byte for byte, over the known custody with the known key."""
    lines = (VECTORS / "custody.jsonl").read_bytes().splitlines()
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    body = statement.payload(
        case_id="0" * 32, number=1, lines=lines, previous=None, at="2026-01-02T03:04:08.000000Z"
    )
    envelope = dsse.sign(dsse.IN_TOTO, body, key)
    assert (VECTORS / "seal.dsse.json").read_bytes() == envelope.raw
    assert envelope.sha256.startswith("82d3d690")
    assert dsse.verified(dsse.parse(envelope.raw), key.public_key())


def test_known_proof(tmp_path: Path) -> None:
    """The known proof leads from the known manifest line to the known root, in both verifiers."""
    shutil.copytree(VECTORS, tmp_path / "seals/0001")
    proof = json.loads((VECTORS / "proof.json").read_bytes())
    seal = statement.parse((VECTORS / "seal.dsse.json").read_bytes())
    path = [bytes.fromhex(step) for step in proof["custody_path"]]
    leaf = merkle.leaf_hash(proof["custody_line"].encode())
    assert merkle.verify_inclusion(leaf, 2, 3, path, bytes.fromhex(seal.root))
    assert standalone.TREES.included(
        proof["custody_line"].encode(), 2, 3, proof["custody_path"], seal.root
    )


def test_key_is_private(home: Path) -> None:
    assert butfor("key", "new").exit_code == 0
    (key,) = keys.every()
    private = key.folder / "private.pem"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert b"ENCRYPTED" in private.read_bytes()
    assert key.keyid == butfor("key", "list").output.strip()


def test_short_passphrase(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUTFOR_PASSPHRASE", "short")
    done = butfor("key", "new")
    assert done.exit_code == 2
    assert "8 characters" in done.output


def test_wrong_passphrase(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    butfor("key", "new")
    monkeypatch.setenv("BUTFOR_PASSPHRASE", "another one")
    done = butfor("seal", "--case", case)
    assert done.exit_code == 2
    assert "expected its passphrase" in done.output
    assert not (case / "seals").exists()


def test_seal_twice(case: Path) -> None:
    """The key lies under the first seal; the second continues it with a consistency proof."""
    keyid = sealed(case)
    assert butfor("seal", "--case", case).exit_code == 0
    one, two = (
        statement.parse((case / f"seals/000{n}/seal.dsse.json").read_bytes()) for n in (1, 2)
    )
    assert two.predicate["prev_seal"] == one.envelope.sha256
    assert two.consistency
    actions = [entry.action for entry in custody.read(case)]
    assert actions.index("key.add") < one.size <= actions.index("seal.create")
    assert report(case, "--key", keyid)["exit"] == 0
    assert report(case)["exit"] == 3
    code, alone = standalone.command(str(case), "--key", keyid.upper())
    assert code == 0
    assert alone == report(case, "--key", keyid)


def test_unsealed_case_verifies(case: Path) -> None:
    """No seal is not a fault of the bytes: verified, and "not anchored" is printed."""
    done = butfor("verify", case)
    assert done.exit_code == 0
    assert "entries 0–4: not anchored" in done.output


def test_verify_writes_nothing_unless_told(case: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in case.rglob("*")}
    butfor("verify", case)
    assert {path: path.stat().st_mtime_ns for path in case.rglob("*")} == before
    butfor("verify", case, "--record")
    assert custody.read(case)[-1].action == "verify.run"


def test_open_acquisition_is_reported(case: Path) -> None:
    build.acquire(case, 3, {"00000001-x": b"x"}, close=False)
    result = report(case)
    assert (result["exit"], result["wrong"]) == (3, [])
    assert "acquisition-open" in str(result["unchecked"])


def test_not_a_case(tmp_path: Path) -> None:
    assert butfor("verify", tmp_path).exit_code == 2


def test_interrupted_seal_is_recorded_by_the_next(case: Path) -> None:
    """A crash between envelope and seal.create: nothing lost, the next run goes on."""
    keyid = sealed(case)
    raw = (case / "custody.jsonl").read_bytes().splitlines(keepends=True)
    (case / "custody.jsonl").write_bytes(b"".join(raw[:-1]))
    assert "seal-unrecorded" in str(report(case)["unchecked"])
    assert butfor("seal", "--case", case).exit_code == 0
    assert report(case, "--key", keyid)["exit"] == 0


def test_fork_is_refused(case: Path, tmp_path: Path) -> None:
    """Never seal over a break; two copies that went on separately are named a fork."""
    keyid = sealed(case)
    other = tmp_path / "other"
    shutil.copytree(case, other)
    build.record(other, "access", {"note": "only in this copy"})
    for place in (case, other):
        assert butfor("seal", "--case", place).exit_code == 0
    envelope = other / "seals/0002/seal.dsse.json"
    result = report(case, "--key", keyid, "--earlier-seal", envelope)
    assert result["exit"] == 4
    assert "seal-fork" in str(result["wrong"])
    shutil.copytree(other / "seals/0002", case / "seals/0002", dirs_exist_ok=True)
    done = butfor("seal", "--case", case)
    assert done.exit_code == 4
    assert "fork" in done.output


def test_rotation(case: Path) -> None:
    """A second key is vouched for by the first, so trust in the first reaches it."""
    first = sealed(case)
    butfor("key", "new")
    second = next(key.keyid for key in keys.every() if key.keyid != first)
    assert butfor("seal", "--case", case, "--with-key", second).exit_code == 2
    done = butfor(
        "key", "add", "--case", case, "--with-key", second, "--previous", first, "--reason", "new"
    )
    assert done.exit_code == 0, done.output
    assert butfor("seal", "--case", case, "--with-key", second).exit_code == 0
    assert report(case, "--key", first)["exit"] == 0
    assert report(case, "--key", second)["exit"] == 3
    done = butfor("key", "revoke", "--case", case, second, "--reason", "exposed")
    assert done.exit_code == 0, done.output
    assert report(case, "--key", first)["exit"] == 0
    assert butfor("seal", "--case", case, "--with-key", second).exit_code == 2


def test_timestamps(case: Path, tsa: tuple[str, build.Authority]) -> None:
    """Two authorities' tokens; what they cover; whose they are."""
    url, authority = tsa
    keyid = sealed(case, "--tsa", url, "--tsa", url)
    trust = ("--key", keyid, "--tsa-root", authority.root)
    result = report(case, *trust)
    assert result["exit"] == 0, result
    assert "TEST TSA — NO EVIDENTIAL WEIGHT" in str(result["notes"])
    tokens = result["tokens"]
    assert isinstance(tokens, list)
    assert [token["established"] for token in tokens] == [True, True]
    assert "existed no later than 2" in butfor("verify", case, *trust).output
    code, alone = standalone.command(str(case), *map(str, trust))
    assert (0, result) == (code, alone)


def test_authority_that_does_not_answer(case: Path, tsa: tuple[str, build.Authority]) -> None:
    """The seal stands, exit 3, and can be stamped later."""
    butfor("key", "new")
    done = butfor("seal", "--case", case, "--tsa", "http://127.0.0.1:1/")
    assert done.exit_code == 3
    done = butfor("seal", "--case", case, "--again", "--tsa", tsa[0] + "/html")
    assert done.exit_code == 3
    assert (case / "seals/0001/seal.dsse.json").is_file()
    assert butfor("seal", "--case", case, "--again", "--tsa", tsa[0]).exit_code == 0
    assert not (case / "seals/0002").exists()


def test_carried_request(case: Path, tmp_path: Path, tsa: tuple[str, build.Authority]) -> None:
    """The examiner without a network: a request file out, the answer in; a wrong answer refused."""
    authority = tsa[1]
    keyid = sealed(case, "--tsq")
    (query,) = (case / "seals/0001").glob("*.tsq")
    foreign = tmp_path / "foreign.tsr"
    other = tmp_path / "other.tsq"
    verify_data = tmp_path / "data"
    verify_data.write_bytes(b"other bytes")
    subprocess.run(
        ["openssl", "ts", "-query", "-data", str(verify_data), "-sha256", "-cert", "-out", other],
        check=True,
        capture_output=True,
    )
    foreign.write_bytes(authority.answer(other))
    done = butfor("seal", "--case", case, "--tsr", foreign)
    assert done.exit_code == 2
    answer = tmp_path / "answer.tsr"
    answer.write_bytes(authority.answer(query))
    done = butfor("seal", "--case", case, "--tsr", answer, "--tsa-crls", authority.root)
    assert done.exit_code == 0, done.output
    assert set(custody.read(case)[-1].data["files"]) == {
        "01.tsq", "01.tsr", "01.certs.pem", "01.crls.pem",
    }  # fmt: skip
    assert report(case, "--key", keyid, "--tsa-root", authority.root)["exit"] == 0


def test_other_root_is_not_established(
    case: Path, tmp_path: Path, tsa: tuple[str, build.Authority]
) -> None:
    keyid = sealed(case, "--tsa", tsa[0])
    other = build.Authority(tmp_path / "other")
    result = report(case, "--key", keyid, "--tsa-root", other.root)
    assert (result["exit"], result["wrong"]) == (3, [])
    assert "tsa-not-established" in str(result["unchecked"])


def test_without_openssl(
    case: Path, tsa: tuple[str, build.Authority], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens alone need openssl: absent is "could not check"."""
    keyid = sealed(case, "--tsa", tsa[0])
    monkeypatch.setenv("PATH", "/nonexistent")
    result = report(case, "--key", keyid)
    assert (result["exit"], result["wrong"]) == (3, [])
    assert "token-unchecked" in str(result["unchecked"])
    assert standalone.run(case, verify.Trust(keys=frozenset({keyid}))) == result


def test_production(case: Path, tmp_path: Path, tsa: tuple[str, build.Authority]) -> None:
    """Two items of five: verified alone, offline, with the verifier inside; others not named."""
    url, authority = tsa
    keyid = sealed(case, "--tsa", url)
    out = tmp_path / "production"
    done = butfor("produce", "--case", case, "--items", "EV-2.f3,EV-1.f2", "--out", out)
    assert done.exit_code == 0, done.output
    assert custody.read(case)[-1].data["items"] == ["EV-1.f2", "EV-2.f3"]
    trust = ("--key", keyid, "--tsa-root", authority.root)
    result = report(out, *trust)
    assert result["exit"] == 0, result
    code, alone = standalone.command(str(out), *map(str, trust))
    assert (0, result) == (code, alone)
    inside = subprocess.run(
        [sys.executable, "verifier/verify.py", ".", *trust],
        cwd=out,
        check=False,
        capture_output=True,
    )
    assert inside.returncode == 0, inside.stdout
    assert report(out, *trust)["exit"] == 0, "the run must leave the folder as it was"
    everything = b"".join(path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file())
    assert b"00000001-c.bin" not in everything
    assert b"00000001-a.json.gz" not in everything


def _swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda body: body.replace(old, new, 1)


@pytest.mark.parametrize(
    ("path", "change", "check"),
    [
        ("items/EV-1.f2/00000002-b.txt", lambda body: body + b"x", "proof-file"),
        ("proofs/EV-1.f2.json", _swap(b'"index":2', b'"index":1'), "proof-manifest"),
        ("proofs/EV-1.f2.json", _swap(b'y_index":2', b'y_index":1'), "proof-custody"),
        ("proofs/EV-1.f2.json", lambda body: body[:-9], "proof-format"),
        ("seals/0001/seal.dsse.json", _swap(b"A", b"B"), "file-sha256"),
        ("keys", None, "file-missing"),
        ("proofs", None, "proof-missing"),
    ],
)  # fmt: skip
def test_altered_production(
    case: Path, tmp_path: Path, path: str, change: object, check: str
) -> None:
    keyid = sealed(case)
    out = tmp_path / "production"
    assert butfor("produce", "--case", case, "--items", "EV-1.f2", "--out", out).exit_code == 0
    if callable(change):
        body = (out / path).read_bytes()
        assert change(body) != body
        (out / path).write_bytes(change(body))
    else:
        shutil.rmtree(out / path)
    result = report(out, "--key", keyid)
    assert result["exit"] == 4
    assert check in str(result["wrong"])
    assert standalone.run(out, verify.Trust(keys=frozenset({keyid}))) == result


@pytest.mark.parametrize("items", ["EV-1.w1", "EV-9.f1", "EV-1.f9", "nonsense", ""])
def test_production_of_what_is_not_there(case: Path, tmp_path: Path, items: str) -> None:
    sealed(case)
    done = butfor("produce", "--case", case, "--items", items, "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "expected" in done.output
    assert not list(tmp_path.glob("out*"))


def test_withdrawn_item_is_not_produced(case: Path, tmp_path: Path) -> None:
    build.record(case, "exclude", {"item": "EV-1.f2", "reason": "privileged"})
    sealed(case)
    done = butfor("produce", "--case", case, "--items", "EV-1.f2", "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert "withdrawn: privileged" in done.output


def test_altered_item_is_not_produced(case: Path, tmp_path: Path) -> None:
    sealed(case)
    target = next(case.glob("evidence/0001*/files/00000002*"))
    target.chmod(0o600)
    target.write_bytes(b"other")
    done = butfor("produce", "--case", case, "--items", "EV-1.f2", "--out", tmp_path / "out")
    assert done.exit_code == 4
    assert not list(tmp_path.glob("out*"))


def test_bag(case: Path, tmp_path: Path) -> None:
    """`bagit` judges; ours and the stand-alone verifier agree, also on an altered bag."""
    keyid = sealed(case)
    (case / "derived").mkdir()
    (case / "derived/x").write_bytes(b"can be rebuilt")
    bag = tmp_path / "bag"
    done = butfor("seal", "--case", case, "--bag", bag)
    assert done.exit_code == 0, done.output
    assert bagit.Bag(str(bag)).validate()
    assert not (bag / "data/derived").exists()
    assert not (bag / "data/.lock").exists()
    trust = verify.Trust(keys=frozenset({keyid}))
    assert report(bag, "--key", keyid)["exit"] == 0
    assert standalone.run(bag, trust) == verify.run(bag, trust).as_data()
    target = next(bag.glob("data/evidence/0001*/files/00000002*"))
    target.chmod(0o600)
    target.write_bytes(b"other")
    (bag / "data/more").write_bytes(b"x")
    result = report(bag, "--key", keyid)
    assert result["exit"] == 4
    for check in ("bag-digest", "bag-extra", "bag-oxum", "file-size"):
        assert check in str(result["wrong"])
    assert standalone.run(bag, trust) == result


def test_signature_matches_openssl(case: Path, tmp_path: Path) -> None:
    """The README's other way: the seal's signature with openssl alone."""
    if not build.have_openssl():
        pytest.skip("openssl is not installed")
    sealed(case)
    (key,) = keys.every()
    seal = dsse.parse((case / "seals/0001/seal.dsse.json").read_bytes())
    (tmp_path / "message").write_bytes(dsse.pae(seal.payload_type, seal.payload))
    (tmp_path / "signature").write_bytes(seal.signature)
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(key.folder / "public.pem"),
         "-rawin", "-in", "message", "-sigfile", "signature"],
        cwd=tmp_path, check=False, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert base64.b64encode(key.public_der).decode() in str(
        [entry.data for entry in custody.read(case) if entry.action == "key.add"]
    )
