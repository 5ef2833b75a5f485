"""Parts of evaluate.py, one file each. The contract of a part NAME.py:

results(evaluation)  what the part measures of an Evaluation, as entries of results.json; lists of the same key are
                     joined over the parts. None where the part does not apply: what was measured earlier is then kept.
                     ValueError where these images cannot give it: it is told in the part's place.
prepare(evaluation)  optional: looks at what a user may have got wrong, before any part is measured.
OPTIONS              optional: {field of Evaluation that this part alone uses: others, of which it needs one}.
NEEDS                optional: fields, of which one must be given where the part is asked for by name.
"""
