/**
 * Words that Snowflake, BigQuery, Redshift, Postgres or a data lake reserves. RudderStack writes a property with such a name to a
 * column with `_` before the name.
 *
 * @see https://www.rudderstack.com/docs/destinations/warehouse-destinations/warehouse-schema/
 * @see https://docs.snowflake.com/en/sql-reference/reserved-keywords
 * @see https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/lexical#reserved_keywords
 * @see https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html
 * @see https://www.postgresql.org/docs/current/sql-keywords-appendix.html
 */
export const RESERVED_WORDS: ReadonlySet<string> = new Set(
  (
    'account aes128 aes256 all allowoverwrite alter analyse analyze and any array as asc assert_rows_modified asymmetric at ' +
    'authorization az64 backup between binary blanksasnull both by bytedict bzip2 case cast check collate column connect ' +
    'connection constraint contains create credentials cross cube current current_date current_role current_time ' +
    'current_timestamp current_user current_user_id database default deferrable define deflate defrag delete delta delta32k ' +
    'desc disable distinct do drop else emptyasnull enable encode encrypt encryption end enum escape except exclude exists ' +
    'explicit extract false fetch following for foreign freeze from full globaldict256 globaldict64k grant group grouping ' +
    'groups gscluster gzip hash having identity if ignore ilike in increment initially inner insert intersect interval into ' +
    'is isnull issue join language lateral leading left like limit localtime localtimestamp lookup lun luns lzo lzop merge ' +
    'minus mostly13 mostly32 mostly8 natural new no not notnull null nulls of off offline offset oid old on only open or ' +
    'order organization outer over overlaps parallel partition percent permissions placing preceding primary proto qualify ' +
    'range raw readratio recover recursive references regexp rejectlog resort respect restore revoke right rlike rollup row ' +
    'rows sample schema select session_user set similar snapshot some start struct symmetric sysdate system table tablesample ' +
    'tag tdes text255 text32k then timestamp to top trailing treat trigger true truncatecolumns try_cast unbounded union ' +
    'unique unnest update user using uuid values verbose view wallet when whenever where window with within without'
  ).split(' '),
);
