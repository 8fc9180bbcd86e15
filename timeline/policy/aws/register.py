"""The register of ambiguities in words: what each of the two readings of an entry says.

`first` is the reading that the code takes where it has to begin with one; for entries of
`WITHOUT_DEFAULT` that is no default, and the answer is unknown where the two differ. The entries
that no one reading settles (A11, the order inside a propagation) are not here. The ids are those of
`docs/methods/decision.md`; a test holds them equal to the ids that the evaluation asks for.
"""

#: Id -> (the first reading, the other one).
READINGS: dict[str, tuple[str, str]] = {
    "A1": (
        "a session policy does not limit a resource grant that names the session itself",
        "it limits such a grant too",
    ),
    "A2": (
        "IgnorePublicAcls takes the public grants of a list alone",
        "it takes every grant of a list that holds a public one",
    ),
    "A3": (
        "a NotResource with a variable that cannot be resolved does not apply",
        "it applies as if that pattern matched nothing",
    ),
    "A4": (
        "RestrictPublicBuckets voids grants of the public policy alone",
        "it voids grants of access control lists too",
    ),
    "A5": (
        "a condition on aws:userid with AROLEID:* makes a statement not public",
        "such a condition leaves the statement public",
    ),
    "A6": (
        "a statement is public by any action",
        "it is public by the actions of an older list alone",
    ),
    "A7": (
        "an organization policy `none` overrides the account's Block Public Access to off",
        "the account's own setting stays on beside it",
    ),
    "A9": (
        "a caller of another account needs an Allow of its own beside an AllUsers grant",
        "the AllUsers grant is enough for it",
    ),
    "A10": (
        "a NotPrincipal that lists the role or account of a session excludes the session",
        "it excludes the session only where it names it",
    ),
    "A13": (
        "a bucket policy's Allow lets a third party delete an object of another owner",
        "it does not",
    ),
    "A14": (
        "a delete with a version id needs DeleteObjectVersion alone",
        "it needs DeleteObject too",
    ),
    "A15": (
        "GetBucketVersioning is open to others by a policy's Allow",
        "it is open to the owner's account alone",
    ),
    "A16": (
        "ForAnyValue with a negated operator or IfExists is false where the key is missing",
        "it is true there",
    ),
    "A21": (
        "a list's WRITE grant lets its holder overwrite objects of its own alone",
        "it lets its holder overwrite any object",
    ),
}  # fmt: skip
