-- Who made an enrolment link: whoever hands a person their first credential could use it themselves, so the two do not
-- count as two persons (docs/design/070-enrolled-by.md). NULL: made on the host, by nobody of the tenant.
ALTER TABLE enrolment_link ADD COLUMN created_by_id BYTEA;
