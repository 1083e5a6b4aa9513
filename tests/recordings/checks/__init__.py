"""One module per check; each takes exchanges and writes what it found into the report."""
