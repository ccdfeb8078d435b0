"""What the command line does with files alone: no database, no server."""
