"""What a person must still complete before an edition can be final (R-090, R-136)."""

from reports.material import Material


def open_parts(material: Material) -> tuple[str, ...]:
    """Names of the parts of the report that are still empty or placeholders; none = all filled.

    The report's scaffold is not part of this version: nothing is asked for yet.
    """
    del material
    return ()
