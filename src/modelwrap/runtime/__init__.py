"""All that runs in the container: the server of one component.

It imports the standard library, numpy, orjson, h2corn and prometheus_client, and nothing of the image wing or the
command line.
"""
