"""Bulk work: encode, score or screen every picture of a lake with an exported model, into Parquet files.

    python -m serving.bulk score --export_dir=export --images=/lake --out=scores

No server is asked: workers of Ray Data load the export themselves, here or on a cluster (--address). The lake is listed
once (plan.py) and cut into parts; a part is one Parquet file, written whole or not at all (worker.py), so whatever is
killed, the same command goes on with the parts that are missing.

Rows are those of `Client.encode`, `.score` and `.screen` bit for bit. float32 is summed in another order where a batch
has another size, and sometimes in another place of a batch; what is in the other places changes nothing. So a run here
is a request of the client: the readable files of a part in their order, 64 at a time, through the same signature
(`score_bytes`, say, which decodes and crops in the graph) in a session with a server's options. `Client.score` of those
files gives these bits, on processors of one kind; files one by one, or in another order, differ by rounding.
"""
