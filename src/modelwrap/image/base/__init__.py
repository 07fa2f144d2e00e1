"""The base image: what stands in it, read from its config and its layers and from nothing else.

Nothing of a base is run. What it says of itself in environment variables and labels is not believed.
"""
