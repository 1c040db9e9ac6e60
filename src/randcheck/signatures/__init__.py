"""Who stands behind these bytes: detached signatures of a reviewer and a leader (审核、负责人).

Rules enforced here:
1. A signature is a canonical JSON object with exactly `algorithm`, `key_id`, `protocol`, `role`,
   `signature`, `signed_at` and `subject_sha256`; signed is field("randcheck/v1 signature") and then
   the canonical bytes of that object without `signature`.
2. No primitive is ours: Ed25519 (RFC 8032) comes from `cryptography`; another algorithm is four
   names (`Algorithm`) in a table that the caller gives.
3. A secret is never shown, pickled or copied; a private key is written only under a passphrase.
4. Checking never raises for what is given, and whatever is given and does not hold is a finding.

The checks, by the number of their findings:
 1. What is given can be read.  2. A signature is canonical JSON of the right form.
 3. Its algorithm is known, and the key's.  4. Its key is in the keyring.
 5. It is about these bytes.  6. It verifies under the key.  7. The key may sign in its role.
 8. The key was valid already, and 9. still (at the signing, and at the moment of the check).
10. It was not signed after that moment.  11. Each role of the policy has a valid signature.
12. Different people signed for different roles.
"""

from randcheck.signatures.keys import (
    ALGORITHMS,
    ED25519,
    MOST_BYTES,
    MOST_SIGNATURES,
    Algorithm,
    Ed25519,
    Keyring,
    Policy,
    PublicKey,
    SigningKey,
    as_moment,
    key_id,
)
from randcheck.signatures.signing import check_signatures, sign, signed_bytes

__all__ = [
    "ALGORITHMS",
    "ED25519",
    "MOST_BYTES",
    "MOST_SIGNATURES",
    "Algorithm",
    "Ed25519",
    "Keyring",
    "Policy",
    "PublicKey",
    "SigningKey",
    "as_moment",
    "check_signatures",
    "key_id",
    "sign",
    "signed_bytes",
]
