"""Load on a component and what comes of it: who asks, how the server is told to work, what to recommend.

It knows the ways to ask from the room of the trial; it prints nothing.
"""
