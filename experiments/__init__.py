"""One file per table or figure of the papers, found by its name; `python reproduce.py NAME` runs it.

An experiment is a module with

    TITLE, SOURCE      what it repeats, and where the paper has it
    CLAIM              what the paper claims of it, in words
    SCALED             what is smaller here than in the paper
    WHY                what is known of the checks that do not hold, if any do not
    MINUTES            {"quick": ..., "full": ...} that it adds to the others on two idle CPU cores: stacks that several
                       experiments share are counted once
    PAPER              {row: {quantity: value}} of the paper
    measure(lab)       trains what it needs through the Laboratory and returns Findings
    claims(values)     [Claim] from the measured {row: {quantity: value}} alone
"""
