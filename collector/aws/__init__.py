"""Amazon Web Services: one file per source, and the only modules that import its SDK."""
