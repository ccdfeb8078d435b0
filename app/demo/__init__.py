"""The demo: the main job from end to end on real places, through the real API, told as a story with maps."""
