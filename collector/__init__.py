"""Acquire and preserve: from a cloud's answer, or a hand-over, to bytes that can be verified."""
