//! First and last names by language.

use super::cast::Language;

/// The names of one language's customers.
pub(super) struct Names {
    pub(super) first: &'static [&'static str],
    pub(super) last: &'static [&'static str],
    /// The country in their scoped ids.
    pub(super) country: &'static str,
}

/// The names of that language.
pub(super) fn of(language: Language) -> Names {
    match language {
        Language::Portuguese => Names { first: PT_FIRST, last: PT_LAST, country: "BR" },
        Language::English => Names { first: EN_FIRST, last: EN_LAST, country: "US" },
        Language::Spanish => Names { first: ES_FIRST, last: ES_LAST, country: "ES" },
    }
}

#[rustfmt::skip] // Ten names a line.
const PT_FIRST: &[&str] = &[
    "Ana Clara", "João Pedro", "Mariana", "Thiago", "Beatriz", "Rafael", "Camila", "Lucas", "Juliana", "Gustavo",
    "Larissa", "Felipe", "Fernanda", "Bruno", "Letícia", "André", "Patrícia", "Marcelo", "Aline", "Rodrigo",
    "Vitória", "Eduardo", "Simone", "Caio", "Renata", "Antônio", "Débora", "Márcio", "Luana", "Otávio",
    "Sônia", "Vinícius", "Helena", "Diego", "Cláudia", "Murilo", "Isabela", "Paulo César", "Tatiane", "Zélia",
];
#[rustfmt::skip] // Ten names a line.
const PT_LAST: &[&str] = &[
    "Silva", "Souza", "Oliveira", "Santos", "Lima", "Araújo", "Ferreira", "Alves", "Rocha", "Gonçalves",
    "Ribeiro", "Carvalho", "Moreira", "Barbosa", "Nascimento", "Cardoso", "Teixeira", "Monteiro", "Peixoto", "Brandão",
    "Queiroz", "Figueiredo", "Assunção", "Magalhães", "Tavares", "Pacheco", "Vasconcelos", "Batista", "Duarte", "Leão",
];
#[rustfmt::skip] // Ten names a line.
const EN_FIRST: &[&str] = &[
    "Olivia", "James", "Amara", "Daniel", "Priya", "Michael", "Grace", "Ethan", "Hannah", "Marcus",
    "Chloe", "Kwame", "Sophie", "Liam", "Aisha", "Nathan", "Emily", "Connor", "Ruth", "Jordan",
    "Megan", "Samuel", "Niamh", "Tyler", "Leah", "Owen", "Jasmine", "Peter", "Nora", "Caleb",
    "Tessa", "Adrian", "Maya", "Victor", "Brooke", "Isaac", "Wendy", "Gareth", "Fiona", "Desmond",
];
#[rustfmt::skip] // Ten names a line.
const EN_LAST: &[&str] = &[
    "Bennett", "Clarke", "Okafor", "Nguyen", "Sharma", "Walsh", "Thompson", "Reid", "Hughes", "Freeman",
    "Mensah", "Foster", "Gallagher", "Patel", "Brooks", "Sullivan", "Marsh", "Coleman", "Whitaker", "Doyle",
    "Hassan", "Fletcher", "Osei", "Donovan", "Hartley", "Pierce", "Lindqvist", "Kaplan", "Mercer", "Abbott",
];
#[rustfmt::skip] // Ten names a line.
const ES_FIRST: &[&str] = &[
    "Lucía", "Mateo", "Valentina", "Javier", "Carmen", "Diego", "Sofía", "Alejandro", "Martina", "Pablo",
    "Ximena", "Andrés", "Rocío", "Sergio", "Elena", "Joaquín", "Noelia", "Iván", "Paula", "Héctor",
    "Inés", "Tomás", "Marisol", "Raúl", "Adriana", "Nicolás", "Pilar", "Emilio", "Yolanda", "Begoña",
];
#[rustfmt::skip] // Ten names a line.
const ES_LAST: &[&str] = &[
    "García", "Martínez", "López", "Hernández", "Muñoz", "Navarro", "Romero", "Vázquez", "Ibáñez", "Castro",
    "Núñez", "Ortega", "Delgado", "Peña", "Molina", "Rivas", "Cabrera", "Fuentes", "Salazar", "Aguirre",
    "Zamora", "Méndez", "Rojas", "Cifuentes", "Quintero", "Esparza", "Villanueva", "Solís", "Barrios", "Prieto",
];
