"""Runs that are killed, stopped, or started twice: the same command goes on."""

call_runner()


def with_run_lock(persistence):
    """Let `persistence` clear the locks that a killed run has left, and say who holds others."""
    lock = persistence.lock

    @contextmanager
    def held():
        with running(Path(persistence.path) / "runs") as others:
            if persistence.locked and others:
                raise WorkflowError(
                    f"{others[-1]} makes the same files in {os.getcwd()}: wait for its end, or stop "
                    "it. If it is one of another machine and has ended, type `snakemake --unlock` "
                    "and then the same command again."
                )
            if persistence.locked:
                print("Removing the locks that a killed run has left here.", file=sys.stderr)
                for file in (Path(persistence.path) / "locks").glob("*.lock"):
                    file.unlink()
            with lock():
                yield

    persistence.lock = held
    return persistence


onerror:
    print(
        "What is finished is kept: the same command goes on from here.",
        file=sys.stderr,
    )
