"""State that survives: what a class has learned is restored at its start and saved while it serves.

From below: `plain` and `snapshot` are the format, without I/O; `store` is what a store promises, `file_store` and
`redis_store` keep it; `subject` is the user's object as far as state goes; `counters` joins what several writers
count; `schedule` says when, with time as an argument; `keeper` restores, saves and follows; `checkpoint` is the thread
it does so on. This room knows no message, no verb and no client.
"""
