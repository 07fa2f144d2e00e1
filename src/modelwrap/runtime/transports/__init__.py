"""The doors: HTTP and gRPC over one ASGI application, and the engine that runs it.

The only rooms that know HTTP. They translate paths, headers and statuses, and leave every byte of a body to a codec.
"""
