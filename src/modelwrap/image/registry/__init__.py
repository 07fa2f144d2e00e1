"""Registries of images: what they are asked, who is allowed to, and how blobs get there and back whole.

Lowest first: `exchanges` and `auth` know the protocol and no socket; `credentials` knows files and helper programs;
`client` does the I/O of one exchange; `transfer` moves whole images with it. It knows nothing of models or Python.
"""
