"""The user's class: how it is loaded, which methods it has, and how each is called.

This room knows user code and nothing else: no wire format, no message, no socket.
"""
