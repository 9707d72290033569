-- not executed by us.
-- Scores the rows of crm.clinics by small 1 (hash), in the SQL of snowflake, made by us. One row comes out for each row: the id, the scores in points, tier and segment, the number of each band, and the reason codes.
-- A run looks at a column as a whole to see whether its numbers have decimal commas, or blanks and currencies, and what separates the items of its lists; a statement has to be told. Here numbers in text have no blanks and a decimal comma in npi count, and a decimal point elsewhere.
-- Columns by other names: clinic_id is Id, npi_count is npi count, sector is order.
-- A run also rejects rows without an id, with the id of another row, or with totals; this statement scores them. A sign that stands for several letters is read as them only where a phrase has all of them.
-- A letter and an accent that stand as two characters are not read as one here, as the engine does: normalise texts to NFC before they are loaded.
-- Plain names are not quoted, so that they are those in capitals; a column that was made with a quoted name in small letters needs a view.
WITH signs AS (
  SELECT
    CHR(  9) || CHR(  10) || CHR(  11) || CHR(  12) || CHR(  13) || CHR(  32) || CHR(  133) || CHR(  160) || CHR(  5760) || CHR(  8192) || CHR(  8193) || CHR(  8194) || CHR(  8195) || CHR(  8196) || CHR(  8197) || CHR(  8198) || CHR(  8199) || CHR(  8200) || CHR(  8201) || CHR(  8202) || CHR(  8232) || CHR(  8233) || CHR(  8239) || CHR(  8287) || CHR(  12288) AS all_spaces,
    CHR(  31) AS between_items,
    CHR(  173) || CHR(  6158) || CHR(  8203) || CHR(  8204) || CHR(  8205) || CHR(  8206) || CHR(  8207) || CHR(  8234) || CHR(  8235) || CHR(  8236) || CHR(  8237) || CHR(  8238) || CHR(  8288) || CHR(  8289) || CHR(  8290) || CHR(  8291) || CHR(  8292) || CHR(  8294) || CHR(  8295) || CHR(  8296) || CHR(  8297) || CHR(  65279) AS zero_width,
    CHR(  9) || CHR(  10) || CHR(  11) || CHR(  12) || CHR(  13) || 'QX' || CHR(  133) || CHR(  160) || CHR(  180) || 'ˣ' || CHR(  5760) || CHR(  8192) || CHR(  8193) || CHR(  8194) || CHR(  8195) || CHR(  8196) || CHR(  8197) || CHR(  8198) || CHR(  8199) || CHR(  8200) || CHR(  8201) || CHR(  8202) || CHR(  8232) || CHR(  8233) || CHR(  8239) || CHR(  8287) || 'ₓℚⅩⅹ' || CHR(  9414) || CHR(  9421) || CHR(  9440) || CHR(  9447) || CHR(  12288) || 'ꟴ' || CHR(  65287) || 'ＱＸｑｘ𐞥𝐐𝐗𝐪𝐱𝑄𝑋𝑞𝑥𝑸𝑿𝒒𝒙𝒬𝒳𝓆𝓍𝓠𝓧𝓺𝔁𝔔𝔛𝔮𝔵𝕏𝕢𝕩𝕼𝖃𝖖𝖝𝖰𝖷𝗊𝗑𝗤𝗫𝗾𝘅𝘘𝘟𝘲𝘹𝙌𝙓𝙦𝙭𝚀𝚇𝚚𝚡' || CHR(  127296) || CHR(  127303) || 'ʹʻʼʽˈ' || CHR(  8216) || CHR(  8217) || CHR(  8219) || CHR(  8242) || CHR(  8480) || CHR(  8482) AS odd_letters,
    CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || 'qx' || CHR(  32) || CHR(  32) || '\'x' || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || CHR(  32) || 'xqxxqxqx' || CHR(  32) || 'q\'qxqxqqxqxqxqxqxqxqxqxqxqxqxqxxqxqxqxqxqxqxqxqxqxqxqxqxqxqx\'\'\'\'\'\'\'\'\'' AS plain_letters,
    'ACORS' AS odd_in_items,
    'acors' AS plain_in_items
), given AS (
  SELECT
    Id AS id_clinic_id,
    TRIM("npi count", all_spaces) AS raw_npi_count,
    TRIM("order", all_spaces) AS raw_sector,
    TRIM(plans, all_spaces) AS raw_plans,
    fqhc_flag AS raw_fqhc_flag,
    signs.*
  FROM crm.clinics
  CROSS JOIN signs
), read AS (
  SELECT
    *,
    CASE
      WHEN REGEXP_LIKE(TRANSLATE(raw_npi_count, ',.', '.,'), '^([+-]?[$]?|[$][+-])([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$')
      OR REGEXP_LIKE(TRANSLATE(raw_npi_count, ',.', '.,'), '^([+-]?[$]?|[$][+-])[0-9]{1,3}(,[0-9]{3})+([.][0-9]*)?$')
      THEN TRY_CAST(REPLACE(REPLACE(REPLACE(TRANSLATE(raw_npi_count, ',.', '.,'), '$', ''), ',', ''), '+', '') AS DOUBLE)
    END AS read_npi_count
  FROM given
), conformed AS (
  SELECT
    *,
    CASE
      WHEN read_npi_count >= 0 AND read_npi_count < 9223372036854775808
      THEN CASE WHEN FLOOR(read_npi_count) = read_npi_count THEN read_npi_count END
    END AS field_npi_count,
    CASE
      WHEN raw_sector <> ''
      AND NOT (
        (
          REGEXP_LIKE(raw_sector, '^[ -~]*$')
          AND LOWER(raw_sector) IN (
            'na',
            'n/a',
            '#n/a',
            'null',
            'none',
            'nan',
            '-',
            '--',
            '.',
            'unknown',
            '<unavail>',
            '<na>',
            '(null)',
            '(blank)',
            '--none--',
            'n.a.',
            '?',
            '---',
            '\\n',
            '#ref!',
            '#value!',
            '#name?',
            '#div/0!',
            '#null!',
            '#num!'
          )
        )
        OR raw_sector IN ('‐', '‐‐', '‑', '‑‑', '‒', '‒‒', '–', '––', '—', '——', '―', '――', '−', '−−')
        OR (
          LENGTH(raw_sector) = 1 AND CHARINDEX(raw_sector, zero_width) > 0
        )
      )
      THEN raw_sector
    END AS value_sector,
    CASE
      WHEN raw_plans <> ''
      AND NOT (
        (
          REGEXP_LIKE(raw_plans, '^[ -~]*$')
          AND LOWER(raw_plans) IN (
            'na',
            'n/a',
            '#n/a',
            'null',
            'none',
            'nan',
            '-',
            '--',
            '.',
            'unknown',
            '<unavail>',
            '<na>',
            '(null)',
            '(blank)',
            '--none--',
            'n.a.',
            '?',
            '---',
            '\\n',
            '#ref!',
            '#value!',
            '#name?',
            '#div/0!',
            '#null!',
            '#num!'
          )
        )
        OR raw_plans IN ('‐', '‐‐', '‑', '‑‑', '‒', '‒‒', '–', '––', '—', '——', '―', '――', '−', '−−')
        OR (
          LENGTH(raw_plans) = 1 AND CHARINDEX(raw_plans, zero_width) > 0
        )
      )
      THEN between_items || TRANSLATE(raw_plans, '|', between_items) || between_items
    END AS value_plans,
    raw_fqhc_flag AS field_fqhc_flag
  FROM read
), compared AS (
  SELECT
    *,
    CASE
      WHEN REGEXP_LIKE(value_sector, '^[ -~]*$') AND NOT CHARINDEX('  ', value_sector) > 0
      THEN LOWER(value_sector)
      ELSE TRIM(REGEXP_REPLACE(TRANSLATE(TRANSLATE(value_sector, odd_letters, plain_letters), zero_width, ''), ' +', ' '), ' ')
    END AS field_sector,
    TRANSLATE(TRANSLATE(value_plans, all_spaces, ''), odd_in_items, plain_in_items) AS field_plans
  FROM conformed
), bands_1 AS (
  SELECT
    *,
    CASE WHEN field_npi_count IS NULL THEN 0 WHEN field_npi_count >= 7.35 THEN 1 ELSE 2 END AS band_fit_size,
    CASE
      WHEN CHARINDEX('q\'x', field_sector) > 0
      THEN 1
      WHEN CHARINDEX(between_items || 'oscar' || between_items, field_plans) > 0
      THEN 2
      WHEN NOT field_fqhc_flag
      THEN 3
      ELSE 4
    END AS band_fit_kind
  FROM compared
), measured AS (
  SELECT
    *,
    (
      1 + (
        (
          (
            CASE
              WHEN field_npi_count IS NULL
              THEN NULL
              WHEN field_npi_count < 7.35
              THEN CAST(7.35 AS DOUBLE)
              WHEN field_npi_count > 60
              THEN CAST(60 AS DOUBLE)
              ELSE field_npi_count
            END
          ) - 7.35
        ) * 5.6980056980056981e-02
      )
    ) * 100 AS line_npi_count
  FROM bands_1
), worth AS (
  SELECT
    *,
    CASE
      WHEN band_fit_size = 1
      THEN CASE
        WHEN line_npi_count IS NULL
        THEN 0
        ELSE (
          CAST(FLOOR(line_npi_count) AS BIGINT) + CASE
            WHEN (
              line_npi_count - FLOOR(line_npi_count)
            ) > 0.5
            OR (
              (
                line_npi_count - FLOOR(line_npi_count)
              ) = 0.5 AND (
                (
                  CAST(FLOOR(line_npi_count) AS BIGINT)
                ) % 2
              ) = 1
            )
            THEN 1
            ELSE 0
          END
        )
      END
      ELSE 0
    END AS points_fit_size,
    CASE WHEN band_fit_kind = 1 THEN 150 WHEN band_fit_kind = 2 THEN 100 WHEN band_fit_kind = 3 THEN 50 ELSE 0 END AS points_fit_kind
  FROM measured
), scored AS (
  SELECT
    *,
    points_fit_size + points_fit_kind AS sum_fit,
    CASE WHEN (
      points_fit_size + points_fit_kind
    ) > 500 THEN 500 ELSE points_fit_size + points_fit_kind END AS score_fit
  FROM worth
), totalled AS (
  SELECT
    *,
    score_fit AS total
  FROM scored
), ranked AS (
  SELECT
    *,
    CASE WHEN total >= 300 THEN 1 ELSE 2 END AS tier
  FROM totalled
)
SELECT
  id_clinic_id AS clinic_id,
  CAST(total AS DOUBLE) / 100 AS small_total_score,
  tier AS small_tier,
  CASE tier WHEN 1 THEN 'First' WHEN 2 THEN 'Rest' END AS small_tier_label,
  CAST(score_fit AS DOUBLE) / 100 AS small_fit_score,
  band_fit_size AS fit_size,
  band_fit_kind AS fit_kind,
  SUBSTRING(
    CASE band_fit_size WHEN 0 THEN '|fit.size.missing' WHEN 1 THEN '|fit.size.big' WHEN 2 THEN '|fit.size.it\'s' ELSE '' END || CASE band_fit_kind
      WHEN 0
      THEN '|fit.kind.missing'
      WHEN 1
      THEN '|fit.kind.x'
      WHEN 2
      THEN '|fit.kind.y'
      WHEN 3
      THEN '|fit.kind.z'
      WHEN 4
      THEN '|fit.kind.rest'
      ELSE ''
    END || CASE WHEN sum_fit > 500 THEN '|fit.cap' ELSE '' END,
    2
  ) AS small_reason_codes
FROM ranked
;
