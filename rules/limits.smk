"""Jobs that Slurm ends at a limit: the run says which, and what to type.

The executor reports such a job with Slurm's word for its end, and with no way on.
"""


class LimitsTold(logging.Handler):
    """Adds its advice to the reports of failed jobs."""

    def emit(self, record):
        limit = limit_reached(getattr(record, "rule_msg", None) or "")
        if getattr(record, "event", None) != LogEvent.JOB_ERROR or not limit:
            return
        job = next(job for job in workflow.dag.jobs if workflow.dag.jobid(job) == record.jobid)
        log = Path(job.log[0])
        told = advice(limit, log.parent.name, log.stem, job.resources.get(limit.resource))
        print(told, file=sys.stderr)


if ON_CLUSTER:
    logger.addHandler(LimitsTold())
