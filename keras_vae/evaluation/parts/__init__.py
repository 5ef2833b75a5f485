"""Parts of evaluate.py, one file each. The contract of a part NAME.py:

results(subject)  what the part measures of a Subject, as entries of results.json; lists of the same key are joined over
                  the parts. None where the part does not apply: what an earlier evaluation found is then kept.
"""
