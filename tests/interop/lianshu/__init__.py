"""Lianshu once more, in Python, from schemas/PROTOCOL.md alone: none of the C code is used or copied.

    protocol   the tables of the text: fields and their bounds, types, codes, departments
    labels     hashes, labels, key derivation, key ids          (1)
    wire       the one encoding of each message                 (2)
    merkle     RFC 6962
    frames     bytes on a socket and in files, folded ones too  (3)
    signing    Ed25519, batches, S                              (3.1)
    seal       HPKE, keys of a part, padding                    (4.1)
    envelope   headers, making and opening envelopes            (4)
    chunks     attachments                                      (4.2)
    document   documents and their signatures                   (5)
    registry   members, keys, rights, proofs of membership      (3.9, 5.1)
    registrar  the registrars' side of it                       (3.9, 5.1)
    enrolment  a member's own keys on their way into it         (17)
    log        leaves, checkpoints, cosignatures                (8)
    receipts   members' and hubs', statements                   (7)
    client     a member's adapter over ZeroMQ                   (9)

Whatever is not as the text says raises Refused with the code of section 12.
"""
