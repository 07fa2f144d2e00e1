"""Where images come from that others have made: a registry, a layout, an archive, a daemon.

A `shelf` has documents and blobs; `reading` goes from its top to the image of one platform, whatever the shelf.
`opening` chooses the shelf by the name. Blobs are fetched when they are asked for, into the cache of all builds.
"""
