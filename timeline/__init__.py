"""From stored bytes to findings: normalize, reconstruct, decide, correlate.

Pure: no cloud, no clock.
"""
