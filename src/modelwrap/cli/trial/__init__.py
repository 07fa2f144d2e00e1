"""A trial of a component: random batches by its contract, and requests that real clients will send some day.

Every way to ask for the same thing must bring the same answer. This room speaks to a component as a client does, over
its ports alone; it prints nothing and knows no option of the command line. `contract` and `findings` need nothing but
the standard library; the rest is loaded when a trial begins.
"""
