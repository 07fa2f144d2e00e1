"""Metrics: what user code reports, how it is kept, and how it is exposed.

This room knows no message payload, no verb's meaning and no socket.
"""
