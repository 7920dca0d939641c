-- Two indexes that no statement uses, and that every certificate paid for.
DROP INDEX certificate_zone_by_certificate;
DROP INDEX request_by_certificate;
