"""Pure geometry and algorithms: no web, no database, and no files except in :mod:`geo.files`."""
