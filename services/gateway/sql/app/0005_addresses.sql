-- The form in which e-mail addresses are compared, as libs/shared/emails.py makes it (what is stored is in lower case).
-- It is not unique: addresses that are the same one may have been stored before it was there.
ALTER TABLE gateway.users ADD COLUMN address text GENERATED ALWAYS AS (
    normalize(regexp_replace(email, '[\u0001-\u0008\u000E-\u001B\u007F-\u0084\u0086-\u009F\u00AD\u034F\u061C\u115F-\u1160\u17B4-\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFB\U0001BCA0-\U0001BCA3\U0001D173-\U0001D17A\U000E0000-\U000E0FFF]', '', 'g'), NFC)
) STORED;
CREATE INDEX users_address ON gateway.users (address);
ALTER TABLE gateway.invites ADD COLUMN address text GENERATED ALWAYS AS (
    normalize(regexp_replace(email, '[\u0001-\u0008\u000E-\u001B\u007F-\u0084\u0086-\u009F\u00AD\u034F\u061C\u115F-\u1160\u17B4-\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFB\U0001BCA0-\U0001BCA3\U0001D173-\U0001D17A\U000E0000-\U000E0FFF]', '', 'g'), NFC)
) STORED;
CREATE INDEX invites_address ON gateway.invites (address);
