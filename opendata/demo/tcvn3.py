"""Writing text as the old TCVN3 fonts (.VnTime) expect it: valid Unicode with the wrong letters."""

import unicodedata

_LETTERS = (
    "àảãáạăằẳẵắặâầẩẫấậđèẻẽéẹêềểễếệìỉĩíịòỏõóọôồổỗốộơờởỡớợùủũúụưừửữứựỳỷỹýỵĂÂÊÔƠƯĐ",
    "µ¶·¸¹¨»¼½¾Æ©ÇÈÉÊË®ÌÎÏÐÑªÒÓÔÕÖ×ØÜÝÞßáâãä«åæçèé¬êëìíîïñòóô\xadõö÷øùúûüýþ¡¢£¤¥¦§",
)
_TABLE = str.maketrans(*_LETTERS)


def to_tcvn3(text: str) -> str:
    """The characters that show `text` in a TCVN3 font. Other marked capitals than ĂÂÊÔƠƯĐ have none."""
    return unicodedata.normalize("NFC", text).translate(_TABLE)
