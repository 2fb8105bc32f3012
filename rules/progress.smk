"""After every job: how long the run still takes."""


class TimeLeft(logging.Handler):
    """Follows Snakemake's count of jobs done by the time that the others take."""

    def __init__(self):
        super().__init__()
        self.durations = Durations()
        self.started = time.time()

    def emit(self, record):
        if getattr(record, "event", None) != LogEvent.PROGRESS:
            return
        jobs = [
            Waiting(Path(job.benchmark), job.threads, job.resources.get("gpu", 0))
            for job in workflow.dag.needrun_jobs()
            if job.benchmark and not self.ended(job)
        ]
        told = time_left(jobs, self.durations, workflow.cores, GPUS)
        if told:
            print(told, file=sys.stderr)

    def ended(self, job):
        """Whether a job has ended in this run: Snakemake counts it before its plan has it."""
        file = Path(job.benchmark)
        return file.exists() and file.stat().st_mtime > self.started


if workflow.exec_mode == ExecMode.DEFAULT and not ON_CLUSTER:
    logger.addHandler(TimeLeft())
