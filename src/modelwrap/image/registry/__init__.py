"""Registries of images: what they are asked, who is allowed to, and how blobs get there and back whole.

Lowest first: `exchanges`, `auth` and `refusals` know the protocol and no socket; `credentials` knows files and helper
programs; `wire` has the sockets, `authorization` what a registry was told of us, and `client` asks with both,
patiently; `upload` and `download` move a blob, `transfer` whole images. None of it knows of models or Python.
"""
