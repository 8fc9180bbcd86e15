"""Timings as ratios taken in one run, A B A B; they print and never fail a test."""
