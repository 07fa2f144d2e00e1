"""What `modelwrap init` writes: the name of a new folder, and what it begins with.

The texts lie in `texts/`, as they are written but for `$Model`, which stands for the class.
"""
