"""The Gridwright service and its command line. One folder a capability."""
