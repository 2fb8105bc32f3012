"""GPUs of this run: how many, how many jobs wait for one, and how much work a job takes."""

# Jobs that are started for each GPU: one computes, the others import and read meanwhile, which
# takes longer than the work of most. None computes before it has leased a device
# (pez/runtime/gpu_lease.py), and no more devices are leased than --resources gpu allows.
SEATS = 8

# Sizes of extraction jobs, in the names of their logs: one shard of clips, or all of a dataset.
SHARD, WHOLE = "{shard}", "whole"


def gpus():
    """GPUs that this run may use: those of --resources gpu, or else of this machine."""
    granted = workflow.global_resources.get("gpu").value
    return len(visible_devices()) if granted is None else granted


DEVICES = None  # of this machine, where some may be used
GPUS = 0  # how many of them this run may use

# Whether this process hands jobs to a cluster.
ON_CLUSTER = (
    workflow.exec_mode == ExecMode.DEFAULT and workflow.global_resources["_nodes"].value is not None
)

if workflow.exec_mode != ExecMode.DEFAULT:
    # A single job on the node of a cluster, which knows its rule: of either size.
    EXTRACTION_SIZES = [SHARD, WHOLE]
    if os.environ.get(PLACES) == "0":
        # Of --resources Snakemake tells the cluster, and not the job there, which would ask for a GPU.
        workflow.register_resource("gpu", 0)
elif ON_CLUSTER:
    # A cluster deals the devices out, and a job that waits there waits in the cluster's queue.
    granted = workflow.global_resources.get("gpu").value
    EXTRACTION_SIZES = [SHARD if granted == 0 else WHOLE]
    if granted == 0:
        os.environ[PLACES] = "0"
elif GPUS := gpus():
    EXTRACTION_SIZES = [WHOLE]
    DEVICES = Listing()  # asks nvidia-smi, and does not wait for its answer
    os.environ[PLACES] = str(GPUS)
    workflow.register_resource("gpu", SEATS * GPUS)
else:
    EXTRACTION_SIZES = [SHARD]


onstart:
    absence = DEVICES and DEVICES.absence()
    if absence:
        print(f"No GPU can be used ({absence}): this run computes on the CPU.", file=sys.stderr)
