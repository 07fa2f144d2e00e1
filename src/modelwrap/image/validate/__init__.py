"""Whether what goes into an image can run there.

It is found out from the files, before anything is pushed, by running nothing.
"""
