"""Where a made image goes: a registry, a folder, a file, a daemon. Each sink takes the same image and changes no byte.

`sink` says what they have in common; they do not know each other, but for the daemon, which is fed an archive.
"""
