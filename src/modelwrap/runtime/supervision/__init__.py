"""The parent process: it binds the ports, spawns workers, watches and replaces them, and answers on the admin port.

It never loads NumPy or the user's class. What a worker needs of this room is the channel and its berth.
"""
