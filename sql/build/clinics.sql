-- The extract: what is known of every clinic; what no file knows is missing.
-- Grain: one row per clinic.
-- Inputs: clinic_keys, members, nppes, clinic_rows, clinic_other_names, clinic_sites, clinic_segments, segments,
-- clinic_size, clinic_use, clinic_flags, clinic_owners, clinic_pacs.
select
    coalesce(clinic_keys.slug, nppes.slug) || '-' || clinic_keys.state_code as clinic_id,
    coalesce(clinic_keys.name, nppes.name) as account_name,
    clinic_keys.state_code,
    segments.segment_label,
    segments.sector || case when clinic_owners.pe_backed_flag then '; PE-backed' else '' end as sector,
    clinic_size.npi_count,
    clinic_size.npi_count_source,
    clinic_sites.site_count,
    clinic_use.services_count,
    clinic_use.bene_count,
    clinic_use.allowed_amt,
    clinic_flags.pecos_enrolled,
    clinic_flags.aco_member,
    clinic_flags.fqhc_flag,
    clinic_flags.oig_leie_flag,
    clinic_flags.oig_exclusion_type,
    clinic_owners.pe_backed_flag,
    clinic_owners.chain_home_office,
    clinic_segments.is_clinic,
    nppes.npi,
    coalesce(clinic_rows.npis, [nppes.npi]) as npis,
    clinic_keys.num_npis as org_npi_count,
    coalesce(clinic_rows.unlinked_rows, 0) as unlinked_rows,
    nppes.is_subpart,
    nppes.parent_name,
    clinic_other_names.other_names,
    nppes.phone,
    nppes.official_phone,
    nppes.mailing_phone,
    nullif(concat_ws(' ', nppes.address_1, nppes.address_2), '') as address,
    nppes.city,
    nppes.zip5 as postal_code,
    nullif(
        concat_ws(
            ', ',
            nullif(concat_ws(' ', nppes.mailing_1, nppes.mailing_2), ''),
            nppes.mailing_city,
            nullif(concat_ws(' ', nppes.mailing_state, nppes.mailing_zip5), '')
        ),
        ''
    ) as mailing_address,
    coalesce(clinic_rows.taxonomy_codes, nppes.taxonomy_codes) as taxonomy_codes,
    len(coalesce(clinic_rows.taxonomy_codes, nppes.taxonomy_codes)) as taxonomy_count,
    clinic_pacs.pac_ids,
    clinic_owners.owner_pac_ids,
    clinic_owners.owner_names
from clinic_keys
join (from members where is_main) as main using (clinic_id)
join nppes using (id)
left join clinic_rows using (clinic_id)
left join clinic_other_names using (clinic_id)
join clinic_segments using (clinic_id)
left join segments using (segment)
left join clinic_sites using (clinic_id)
left join clinic_size using (clinic_id)
left join clinic_use using (clinic_id)
left join clinic_flags using (clinic_id)
left join clinic_owners using (clinic_id)
left join clinic_pacs using (clinic_id)
