"""The demo's data and the script that builds it; see SOURCES.md."""
