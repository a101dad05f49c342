"""Who speaks when: from vectors of short windows to speakers, and to the parts of a transcript. Pure.

`windows` lays windows over speech, `clustering` tells the speakers of their vectors apart, `turns` says who
speaks from when to when, and `attribution` divides a transcript at these turns.
"""
