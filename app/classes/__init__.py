"""A/B: changing the class of land with its effect before it is done, and suggestions from density."""
