"""What a worker's environment tells the libraries of the user's class: how many threads, how much talk, which memory.

A library reads its variables when it is loaded, so they must be there before the worker is. One that is set already
stays as it is: the user knows better.
"""

from __future__ import annotations

from collections.abc import Mapping

from modelwrap.runtime.settings import Concurrency

__all__ = ["worker_environment"]

#: Who goes by which. OpenBLAS, MKL, BLIS, PyTorch, XGBoost, LightGBM, scikit-learn and NumExpr follow OMP_NUM_THREADS
#: where their own variable is not set, so theirs are left to the user.
_THREADS = (
    "OMP_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",  # Apple's BLAS
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "RAYON_NUM_THREADS",  # tokenizers and other libraries in Rust
    "POLARS_MAX_THREADS",
)
#: TensorFlow writes a page about CPUs and plugins at every start. Errors are still written.
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2"}
#: Each of them takes nearly all of a GPU's memory at once, so that a second worker would find none.
_SHARE_GPU = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
#: glibc gives the memory of large arrays back to the kernel as soon as they are freed, and takes it again for the next
#: request: 2,900 page faults for 3 MB of JSON, half of its CPU time. So chunks of up to 32 MiB, the most that it takes,
#: come from the heap, of which up to 64 MiB stay when they are free. One without the other would make it worse.
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(64 << 20)}


def worker_environment(
    inherited: Mapping[str, str], concurrency: Concurrency, *, usable: int, machine: int
) -> dict[str, str]:
    """The whole environment of a worker.

    Args:
        inherited: This process's own environment.
        concurrency: How many workers and threads there are, and what the user wants for libraries.
        usable: The cores that all workers together may keep busy.
        machine: All cores of the machine, which libraries go by themselves.
    """
    ours = {**_QUIET, **(_SHARE_GPU if concurrency.workers > 1 else {})}
    if threads := _threads(concurrency, usable, machine):
        ours |= dict.fromkeys(_THREADS, str(threads))
    if not any(inherited.get(name) for name in _KEEP_MEMORY):
        ours |= _KEEP_MEMORY
    return ours | {name: text for name, text in inherited.items() if text or name not in ours}


def _threads(concurrency: Concurrency, usable: int, machine: int) -> int:
    """Threads that one call's libraries may use; 0 to say nothing, as where one call may have the whole machine."""
    if concurrency.library_threads is not None:
        return concurrency.library_threads
    share = max(1, usable // (concurrency.workers * concurrency.threads))
    return 0 if share >= machine else share
