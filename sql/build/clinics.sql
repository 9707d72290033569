-- The extract: what is known of every clinic; what no file knows is missing.
-- Grain: one row per clinic.
-- Inputs: members, clinic_rows, clinic_sites, clinic_segments, segments, clinic_size, clinic_use, clinic_flags, clinic_owners, clinic_pacs.
select
    main.clinic_id,
    main.account_name,
    main.state as state_code,
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
    main.npi,
    clinic_rows.npis,
    clinic_rows.org_npi_count,
    clinic_rows.unlinked_rows,
    main.is_subpart,
    main.parent_name,
    clinic_rows.other_names,
    main.phone,
    main.official_phone,
    main.mailing_phone,
    main.address,
    main.city,
    main.zip5 as postal_code,
    main.mailing_address,
    clinic_rows.taxonomy_codes,
    len(clinic_rows.taxonomy_codes) as taxonomy_count,
    clinic_pacs.pac_ids,
    clinic_owners.owner_pac_ids,
    clinic_owners.owner_names
from (from members where is_main) as main
join clinic_rows using (clinic_id)
join clinic_segments using (clinic_id)
left join segments using (segment)
left join clinic_sites using (clinic_id)
left join clinic_size using (clinic_id)
left join clinic_use using (clinic_id)
left join clinic_flags using (clinic_id)
left join clinic_owners using (clinic_id)
left join clinic_pacs using (clinic_id)
