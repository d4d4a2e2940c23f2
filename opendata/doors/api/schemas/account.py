"""What a person looks after about the own account: sessions and the second factor."""

from marshmallow import fields

from opendata.doors.api.schemas import base, stated


class Session(base.Schema):
    """A browser that is signed in."""

    id = stated.text("Name of the session; it opens nothing.", example="9f86d081884c7d65")
    created = stated.time("When it signed in.")
    expires = stated.time("When it ends by itself.")
    this = base.Flag(required=True, metadata={"description": "Whether it is the one this request came with."})


class EndedSessions(base.Schema):
    """What was ended."""

    ended = fields.Integer(
        required=True, validate=base.Between(0, 2**31), metadata={"description": "Sessions that ended."}
    )


class SecondFactor(base.Schema):
    """Whether signing in takes a code of a device beside the password."""

    on = base.Flag(required=True, metadata={"description": "Whether it is on."})
    recovery_codes_left = fields.Integer(
        required=True,
        validate=base.Between(0, 100),
        metadata={"description": "Codes for a lost device that were not used yet."},
    )


class Offer(base.Schema):
    """What the device is told; nothing is on before a code of it came back."""

    secret = stated.text("The secret, base32; shown here and never again.")
    address = stated.text("The same as an address for a square code.", example="otpauth://totp/…")
    offer = stated.text("To be sent back with the first code.")


class RecoveryCodes(base.Schema):
    """Codes for a lost device."""

    recovery_codes = fields.List(
        base.Text(most=20),
        required=True,
        metadata={"description": "Each is good once; shown here and never again."},
    )


class Code(base.Schema):
    """A code of the device."""

    code = base.Text(
        most=20, required=True, metadata={"description": "Six digits, or a code for a lost device."}
    )


class AcceptedOffer(Code):
    """An offer with the first code of the device."""

    offer = base.Text(most=500, required=True, metadata={"description": "As it was offered."})
