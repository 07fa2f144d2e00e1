"""The packages of an image: resolved once for the base's Python, locked, chosen and fetched.

uv resolves. What uv and pip are told on this machine (indexes, passwords, certificates, proxies) is honoured here, and
no password is written down. No package is run, unless the user lets wheels be built.
"""
