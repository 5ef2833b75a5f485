"""FID protocols, one file each: LIMIT, of images on either side, and prepare(fakes), done to images before their FID.

Values under different protocols cannot be compared. A new protocol is one new file here, found by its file name.
"""
