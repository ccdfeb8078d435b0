"""From a file's rows to staged rows, read, parsed and refused with reasons: what every loader works with."""
