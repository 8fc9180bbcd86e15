"""A redacted rendition of an edition: made anew from redacted values, never painted over.

    profile     what is redacted, on which basis (a TOML file, or one that ships)
    finders     values that are known by their form: addresses, numbers, keys
    spelling    values that are known by name: principals, object keys, names of the profile
    pseudonyms  the map from values to tokens; it stays with the case, never in a rendition
    rewrite     every text of the material, before any exhibit is made of it
    residue     the finished files are searched for every redacted value; a hit stops the rendition
    log         which token stands where, and why

What is drawn is drawn from tokens, so nothing of the original is under a box, in a bookmark, in
metadata or in an earlier revision of the file (R-097, R-098).
"""
