"""The commented case.toml that `butfor init` writes; it loads as it stands."""

TEXT = """\
# What this case is about. butfor reads this file and never changes it.
# Empty texts and missing keys mean "not supplied"; nothing is assumed in their place.
# Times carry their offset to UTC: 2026-01-02T03:04:05Z or 2026-01-02T05:04:05+02:00.
# Every change of this file becomes an entry in custody.jsonl with the file's SHA-256.

format = 1                      # of the case folder; leave it as it is

[matter]
title = ""                      # "Northwind v. Contoso"
court = ""
number = ""                     # docket or claim number
party = ""                      # for whom the examiner acts
examiner = ""                   # name and qualification, as it shall be printed
authority = ""                  # authority to collect: order, consent, engagement letter

# One block for each party: which principals and accounts are said to be whose.
# [[parties]]
# name = "Contoso Ltd"
# role = "contractor"
# accounts = ["111111111111"]
# principals = ["<identifier of a user or role, as the logs spell it>"]

# [[people]]                    # who held a principal or key, as a document says: as supplied
# name = "A. Example"
# principals = ["<identifier of a user, session or key, as the logs spell it>"]
# from = 2022-01-01T00:00:00Z   # leave out: open
# to = 2022-07-01T00:00:00Z
# evidence = "staff list of 2022-06-01, NW-000123"

[incident]
# Tables cover all accesses. An access is in the incident if its time is in [from, to), and its
# resource matches (none given = all), and it is anonymous (if anonymous = true) or its address or
# principal is listed. Exempt ones never are. No criteria = every success in the range.
from = ""                       # 2026-01-02T00:00:00Z, without quotes; empty = open
to = ""                         # first instant after the range
resources = []                  # ["claims-archive"]; "*" works as a pattern
anonymous = false
addresses = []                  # ["203.0.113.7", "198.51.100.0/24"]
principals = []
discovered = ""                 # when it was noticed …
contained = ""                  # … stopped …
notified = ""                   # … and reported

# [[incident.exempt]]           # partners, researchers, one's own collection
# addresses = ["192.0.2.10"]
# principals = []
# reason = "security researcher under contract, letter of 2026-01-05"

# One table for each period that runs from an event; the trigger is your choice, and is printed.
# [clocks.contract-notice]
# starts = "discovered"         # discovered, contained or notified; or starts_at = <time>
# hours = 72
# rule = "Master Services Agreement, clause 12.3"
# version = "2025-06-01"        # date of the text relied on
# ends = "notified"             # discovered, contained or notified
# [clocks.authority]            # instead of hours, the period of a rule: gdpr-33, sec-8k-1.05,
# starts = "discovered"         # nydfs-500.17, hipaa-164.404; no rule runs unless chosen here
# preset = "gdpr-33"
# version = "2016-04-27"

[display]
time_zone = "UTC"               # exhibits show this zone beside UTC: "Europe/Berlin"

[exhibits]
scheme = "letters"              # letters, numbers, ranges, initials or custom
# first = 1                     # first exhibit number; initials go on from the last final edition
# sub_letters = false           # letters: A, B, C, D … where an order forbids C-1, C-2
# ranges = { plaintiff = "1-499", defendant = "500-" } # ranges: numbers of each side …
# side = "plaintiff"            # … and whose exhibits these are
# initials = "XY"               # initials: of the witness, for XY1, XY2
# pattern = "DX-{n:03}"         # custom: {n} is the number, {n:03} has three digits
prefix = "BF"                   # of Bates numbers
digits = 6
start = 1                       # first Bates number
page_size = "A4"                # A4 or Letter
bates_writer = ""               # the one copy that reserves numbers: `writer` in custody.jsonl
load_file_encoding = "utf-8"    # of the Concordance file: utf-8 or cp1252
confidentiality = ""            # designation on every page: "CONFIDENTIAL, protective order of …"
# purpose = "testifying"       # label, a claim: counsel-directed, business, testifying
printed_rows = 1000             # of a longer list so many rows are printed; the rest is native

[jurisdiction]
profile = ""                    # us-federal, us-state, uk-civil, uk-criminal, eu
law = []
contract = ""                   # the governing contract …
contract_date = ""              # … and its version
data_classes = []               # ["health records", "payment cards"]
# executed_in_us = true         # where certificates will be signed; required for them, no default
# personal_data = true          # whether the evidence holds data on people that a law protects …
lawful_basis = ""               # … on which basis it is processed here …
impact_assessment = ""          # … and the assessment of its impact: reference, date, by whom

[assumptions]
# Named premises, printed wherever a conclusion rests on one. false = answer UNKNOWN instead.
records-complete = true         # nothing is missing inside a source unless a gap shows it
unseen-guardrails-absent = true # guardrails that no evidence mentions were not there
gaps-minimal = true             # a gap holds only the net change that observations prove
documented-readings = true      # where documentation is unclear, the reading named as default
# readings = ["A4=other"]       # entries of the register of ambiguities read so; first or other

[counterfactuals]
# Beside undoing each change: what else each change is compared with. None is asked unless named.
# default_at_creation = true                 # the provider's default when the resource was created
# default_as_of = 2022-05-01T00:00:00Z       # the provider's default on this day
# baseline = 2022-04-01T00:00:00Z            # the configuration at this instant, last known good
# [counterfactuals.with]                     # parameters of `butfor whatif --controls`
# prefix = "exports/"
"""
